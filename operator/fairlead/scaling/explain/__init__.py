"""What a decision was based on and what would change it: records, replays, what-if answers. Pure."""
