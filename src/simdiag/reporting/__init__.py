"""Pages, texts, letters and calendars made from an assessment; the only home of jinja2.

Importing this package imports neither Jinja nor Babel; import
:func:`simdiag.reporting.render.render` where something is rendered.
"""
