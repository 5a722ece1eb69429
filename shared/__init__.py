"""What two or more services need: contracts, errors, ports, adapters. Never imports a service."""
