"""One more read of the rows, once the coefficients are known: residuals, leverages, scores."""
