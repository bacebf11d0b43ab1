"""What is published: agencies with their offices and contacts, properties, places, photos, and the search."""
