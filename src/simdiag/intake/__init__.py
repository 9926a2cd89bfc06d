"""Real documents turned into facts: tables, invoices, bank statements."""
