"""Rows → pairs → heads on cached features → fine-tuning → calibration → what an artifact holds.

Heavy and offline: nothing that answers a query imports this room.
"""
