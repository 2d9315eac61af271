"""Simulated SQS, SNS, S3, EventBridge: what AWS keeps, without the API in front of it."""
