"""What a request costs a router: ours and its peers with the same mock engines and the same client, in turn."""
