"""What our web servers share: how they serve, what they send along, how much one address may ask."""
