variable "bucket" {
  description = "Name of the bucket that backups are stored in."
  type        = string
}

variable "replica" {
  description = "Name of the bucket that holds a copy of them in another region."
  type        = string
}

variable "region" {
  description = "Region of the bucket."
  type        = string
}

variable "replica_region" {
  description = "Region of the copy."
  type        = string

  validation {
    condition     = var.replica_region != var.region
    error_message = "A copy in the same region goes down with it."
  }
}

variable "databases" {
  description = "The {db} of the names s3://BUCKET/{db}/{tier}/...: a lifecycle rule needs the beginning of the names that it is for."
  type        = set(string)
}

variable "lock_mode" {
  description = "GOVERNANCE: who has s3:BypassGovernanceRetention can delete a locked version. COMPLIANCE: nobody can, not even the account's root."
  type        = string
  default     = "GOVERNANCE"

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock_mode)
    error_message = "GOVERNANCE or COMPLIANCE."
  }
}

variable "lock_days" {
  description = "How long each version is locked from the moment it is stored. Whoever steals a key that may delete can make nothing go that is younger."
  type        = number
  default     = 30
}
