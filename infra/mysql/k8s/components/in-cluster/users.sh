# Sourced by the image's entrypoint when the data directory is new: the users that an administrator creates
# on a managed server. The passwords are files, mounted from the Secrets that the users' owners read too.

create_user() { # NAME
  local password
  password=$(sed "s/[\\\\']/\\\\&/g" "/run/secrets/users/$1")
  docker_process_sql <<< "CREATE USER '$1'@'%' IDENTIFIED BY '$password';"
}

create_user shop_migrator
docker_process_sql <<< "GRANT ALL PRIVILEGES ON shop.* TO 'shop_migrator'@'%';"

# A grant on a table that does not exist yet needs CREATE beside it, which is then taken back.
create_user shop_reader
docker_process_sql <<< "
  GRANT CREATE, SELECT ON shop.flyway_schema_history TO 'shop_reader'@'%';
  REVOKE CREATE ON shop.flyway_schema_history FROM 'shop_reader'@'%';"

for application in accounts catalog orders payments notifications; do
  create_user "$application"
  docker_process_sql <<< "GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON shop.* TO '$application'@'%';"
done
