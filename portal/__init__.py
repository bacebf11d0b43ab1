"""ImmoMarket: properties published by agencies, enquiries recorded as leads, leads forwarded by e-mail."""
