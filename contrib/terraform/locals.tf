# Expands the JSON files for these buckets and databases.  Nothing in this file
# needs a provider: `terraform console` shows it without an account.

locals {
  buckets = {
    main    = { name = var.bucket, region = var.region }
    replica = { name = var.replica, region = var.replica_region }
  }

  # Every rule once, or, if its prefix holds DATABASE, once for each of them.
  lifecycle = flatten([
    for rule in jsondecode(file("${path.module}/lifecycle.json")).Rules : [
      for db in strcontains(rule.Filter.Prefix, "DATABASE") ? var.databases : [""] :
      jsondecode(replace(jsonencode(rule), "DATABASE", db))
    ]
  ])

  bucket_policy = {
    for key, bucket in local.buckets :
    key => replace(file("${path.module}/bucket-policy.json"), "BUCKET", bucket.name)
  }

  replication_role = replace(replace(
    file("${path.module}/replication-role.json"),
  "BUCKET", var.bucket), "REPLICA", var.replica)

  # One policy for each role and bucket, BUCKET-ROLE.  No host stores backups in
  # the copy: replication does.
  policies = merge([
    for key, bucket in local.buckets : {
      for file in fileset("${path.module}/../iam", "*.json") :
      "${bucket.name}-${trimsuffix(file, ".json")}" =>
      replace(file("${path.module}/../iam/${file}"), "BUCKET", bucket.name)
      if !(key == "replica" && file == "put-only.json")
    }
  ]...)

  # The limits are those of bk-age.
  alarms = merge(
    {
      "bk-failed" = {
        description = "A backup job failed twice in a row. The audit log has the error of each run: bk-audit --status failure."
        metric      = "BackupFailureCount"
        dimensions  = {}
        threshold   = 1
      }
    },
    {
      for db in var.databases : "bk-old-${db}" => {
        description = "There is no backup of ${db} of the last 25 hours. Run the job by hand; its error is one line and names the cause."
        metric      = "HoursSinceLastBackup"
        dimensions  = { Database = db }
        threshold   = 25
      }
    }
  )
}
