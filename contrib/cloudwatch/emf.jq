# The values of metric-data.jq as lines in the embedded metric format: CloudWatch
# Logs makes metrics of them wherever they are logged, as by a container on ECS,
# EKS or Lambda, so that no right is needed but to write that log.
.[] | {
    _aws: {
	Timestamp: (.Timestamp | fromdate * 1000),
	CloudWatchMetrics: [{
	    Namespace: "bk",
	    Dimensions: [.Dimensions | map(.Name)],
	    Metrics: [{Name: .MetricName, Unit}]
	}]
    },
    (.MetricName): .Value
} + (.Dimensions | from_entries)
