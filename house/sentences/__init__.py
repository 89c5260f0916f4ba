"""Every sentence that the product can say to a person, read from its source: where it stands, how it is put together
from parts, and where a user meets it. Never runs the product. Its verb is to collect."""
