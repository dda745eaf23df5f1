"""Forward physics: particles become frames."""
