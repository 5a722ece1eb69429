"""The diagnosis rules: each is data and one function, in the file of its topic; ``catalogue`` lists all of them."""
