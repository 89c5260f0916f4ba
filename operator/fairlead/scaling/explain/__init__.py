"""What a decision was made of and what would change it: records, replays, what-if answers. Pure."""
