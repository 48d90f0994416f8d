"""Compare: experiments that train and pick in several ways on one project, and what each way found."""
