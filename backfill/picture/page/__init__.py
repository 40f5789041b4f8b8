"""The picture as one page of HTML, which needs no script and sends no request to any other host."""
