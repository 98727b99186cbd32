# Everything that is stored is copied.  Deletions are not: delete markers are not
# replicated, so permission to delete in one bucket does not affect the other.
# The copy is pruned by a host of its own.

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

  # AWS accepts the rule only if both buckets have versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}
