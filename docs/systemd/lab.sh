#!/bin/sh
# `sudo lab ...` with the account and the settings of the service: install as /usr/local/bin/lab. See docs/running.md.
exec runuser -u lab -- sh -ac '. /etc/lab-controller.env; exec /opt/lab/bin/lab "$@"' lab "$@"
