"""Which steps an entry asks for, in which order, and what each result depends on."""
