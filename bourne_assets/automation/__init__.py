"""What runs by itself or as a whole: jobs, and later schedules and sensors.

See https://docs.dagster.io/guides/automate
"""
