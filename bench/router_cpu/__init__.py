"""What a request costs a router: ours and its peers before the same mock engines, asked by the same client, in turn."""
