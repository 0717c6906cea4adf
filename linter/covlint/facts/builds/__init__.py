"""Image builds that tools other than docker describe."""
