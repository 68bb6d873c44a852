"""What people look at: terminal tables, figures, the page."""
