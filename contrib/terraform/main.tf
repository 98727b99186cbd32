# A bucket for backups, and its copy in another region: versioning, locks,
# encryption, no public access, lifecycle, replication, and one IAM policy for
# each role.  See ../policies.md.
#
#   terraform init && terraform plan

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0" # the first whose resources each have a region
    }
  }
}

provider "aws" {
  region = var.region
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket              = each.value.name
  region              = each.value.region
  object_lock_enabled = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  region = each.value.region

  versioning_configuration {
    status = "Enabled"
  }
}

# For every object without a lock of its own, so the host that stores needs no
# permission to lock.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket_versioning.this[each.key].bucket
  region = each.value.region

  rule {
    default_retention {
      mode = var.lock_mode
      days = var.lock_days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  region = each.value.region

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  region                  = each.value.region
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  region = each.value.region
  policy = local.bucket_policy[each.key]

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# bk-prune decides what is deleted; these rules only clean up afterwards.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket_versioning.this[each.key].bucket
  region = each.value.region

  dynamic "rule" {
    for_each = local.lifecycle

    content {
      id     = rule.value.ID
      status = rule.value.Status

      filter {
        prefix = rule.value.Filter.Prefix
      }

      dynamic "abort_incomplete_multipart_upload" {
        for_each = try([rule.value.AbortIncompleteMultipartUpload], [])

        content {
          days_after_initiation = abort_incomplete_multipart_upload.value.DaysAfterInitiation
        }
      }

      dynamic "noncurrent_version_expiration" {
        for_each = try([rule.value.NoncurrentVersionExpiration], [])

        content {
          noncurrent_days = noncurrent_version_expiration.value.NoncurrentDays
        }
      }

      dynamic "expiration" {
        for_each = try([rule.value.Expiration], [])

        content {
          expired_object_delete_marker = expiration.value.ExpiredObjectDeleteMarker
        }
      }

      dynamic "transition" {
        for_each = try(rule.value.Transitions, [])

        content {
          days          = transition.value.Days
          storage_class = transition.value.StorageClass
        }
      }
    }
  }
}

resource "aws_iam_policy" "role" {
  for_each = local.policies

  name   = each.key
  policy = each.value
}

output "policies" {
  description = "Policies to attach to your hosts' users or roles."
  value       = { for name, policy in aws_iam_policy.role : name => policy.arn }
}
