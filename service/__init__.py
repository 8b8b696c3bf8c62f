"""The same calls over HTTP, for programs and for people: `create_app` makes the application.

app          the application: its routes, its beginning and its end
serving      the process around it: address, signals, draining
state        what all requests share
live         the generation that is served, and its change for a newer one
batching     searches that come at the same time are answered together
pools        threads for whatever would make the event loop wait
problems     every refusal as problem+json
segments     item ids in addresses, whatever characters they hold
answers      JSON of what the library says, with addresses for paths
schemas      what goes in and out, as OpenAPI shows it
access       who may do what
routes_*     one module for each group of addresses
"""
