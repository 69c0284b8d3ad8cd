#!/bin/sh
# Run once by the database's image when its volume is empty: one role and one database a service, closed to the others.
set -eu
for name in training people performance supervision; do
    psql -X -q -v ON_ERROR_STOP=1 -v name="$name" -v password="$(cat "${PASSWORDS:-/run/passwords}/$name")" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --command 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
