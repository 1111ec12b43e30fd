"""Tronco: one platform with which a Brazilian telephony operator runs its whole business."""
