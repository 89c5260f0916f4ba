"""How a deployment is reported: conditions, counts and fields of its status. Pure, but for `status_writer`."""
