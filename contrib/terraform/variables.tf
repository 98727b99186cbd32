variable "bucket" {
  description = "Name of the bucket for backups."
  type        = string
}

variable "replica" {
  description = "Name of the bucket for their replicas in another region."
  type        = string
}

variable "region" {
  description = "Region of the bucket."
  type        = string
}

variable "replica_region" {
  description = "Region of the replica bucket."
  type        = string

  validation {
    condition     = var.replica_region != var.region
    error_message = "A copy in the same region goes down with it."
  }
}

variable "databases" {
  description = "Each {db} in s3://BUCKET/{db}/{tier}/...: lifecycle rules match by prefix."
  type        = set(string)
}

variable "lock_mode" {
  description = "GOVERNANCE: s3:BypassGovernanceRetention allows deleting a locked version. COMPLIANCE: nobody can, not even the account's root user."
  type        = string
  default     = "GOVERNANCE"

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock_mode)
    error_message = "GOVERNANCE or COMPLIANCE."
  }
}

variable "lock_days" {
  description = "Days that each version is locked after it is stored. A stolen key that may delete cannot remove anything younger."
  type        = number
  default     = 30
}

variable "alarm_topic" {
  description = "ARN of the SNS topic that the alarms of alarms.tf tell. Without one there are no alarms."
  type        = string
  default     = ""
}
