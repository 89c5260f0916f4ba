"""Router processes of a gateway, in front of APIs in this process that answer by a function and know the truth."""
