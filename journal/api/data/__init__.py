"""The front door for data: tables from CSV, Parquet, SPSS, Stata and Excel files, read strictly and described."""
