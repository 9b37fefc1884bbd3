"""What tests stand on: servers, browsers, other people's machines."""
