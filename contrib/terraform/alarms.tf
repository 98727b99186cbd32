# Alarms on what contrib/cloudwatch publishes.  Missing data is as bad: then
# nobody looks at the backups, or a database has none.

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarm_topic == "" ? {} : local.alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  region              = var.region
  namespace           = "bk"
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Maximum"
  period              = 900
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic]
  ok_actions          = [var.alarm_topic]
}
