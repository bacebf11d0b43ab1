"""The pages: routes, forms, guards, errors. The only package that knows starlette and wtforms."""
