# Everything that is stored is copied.  What is deleted here stays there: a
# delete marker is not copied, so whoever can delete in one bucket has not
# deleted in the other.  The copy is pruned by a host of its own.

resource "aws_iam_role" "replication" {
  name = "${var.bucket}-replication"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "replication" {
  name   = "replicate"
  role   = aws_iam_role.replication.id
  policy = local.replication_role
}

resource "aws_s3_bucket_replication_configuration" "this" {
  bucket = aws_s3_bucket_versioning.this["main"].bucket
  region = var.region
  role   = aws_iam_role.replication.arn

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Disabled"
    }

    destination {
      bucket = aws_s3_bucket.this["replica"].arn
    }
  }

  # AWS takes the rule only when both ends have versions.
  depends_on = [aws_s3_bucket_versioning.this]
}
