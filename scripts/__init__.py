"""Tools of the repository itself. Nothing in services or shared imports them."""
