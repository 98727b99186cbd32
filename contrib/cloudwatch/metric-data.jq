# What bk-age --json --log says, as `aws cloudwatch put-metric-data` takes it:
#
#	HoursSinceLastBackup	of each Database
#	BackupFailureCount	failures in a row, of all jobs in the audit log
#
# What is not known has no value: a database without any backup, a log that
# cannot be read.  So let an alarm count missing data as bad.
.time as $time |
[
    (.subjects[] | select(.kind == "backup" and .newest != null) | {
	MetricName: "HoursSinceLastBackup",
	# CloudWatch takes ASCII, and 255 characters at most
	Dimensions: [{Name: "Database", Value: (.name | gsub("[^ -~]"; "?")[:255])}],
	Value: ((($time | fromdate) - (.newest | fromdate)) / 36 | round / 100)
    }),
    ([.subjects[] | select(.kind == "job")] | select(length > 0) | {
	MetricName: "BackupFailureCount",
	Dimensions: [],
	Value: (map(.checks.failures.value) | add)
    })
] | map(. + {Unit: (if .Dimensions == [] then "Count" else "None" end),
    Timestamp: $time})
