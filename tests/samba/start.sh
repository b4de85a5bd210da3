#!/usr/bin/env bash
# A throw-away Active Directory: Samba's domain controller, its LDAP service alone, in the foreground.
#
#   start.sh SEED DIR IP
#
# SEED holds the provisioned and filled domain; it is made when it is not there. DIR is this server's own copy. IP is a loopback
# address of its own: the ports 389 and 636 are fixed. Needs root for them, and the packages that .ci/run installs.
set -euo pipefail
seed=$(realpath -m "$1") dir=$(realpath -m "$2") ip=$3
here=$(cd "$(dirname "$0")" && pwd)
realm=CORP.EXAMPLE

configure() { # FOLDER: where the databases lie; the rest is this server's
  cat <<CONF
[global]
  netbios name = DC1
  realm = $realm
  workgroup = CORP
  server role = active directory domain controller
  server services = ldap
  dcerpc endpoint servers =
  interfaces = $ip/8
  bind interfaces only = yes
  disable netbios = yes
  private dir = $1/private
  lock directory = $1
  state directory = $1/state
  cache directory = $1/cache
  binddns dir = $1/bind-dns
  pid directory = $dir/run
  ncalrpc dir = $dir/run/ncalrpc
  winbindd socket directory = $dir/run/winbindd
  ntp signd socket directory = $dir/run/ntp
  log file = $dir/log/%m
  ldap server require strong auth = no
  tls enabled = yes
  tls keyfile = $dir/tls/key.pem
  tls certfile = $dir/tls/cert.pem
  tls cafile = $dir/tls/ca.pem
  tls dh params file =
  ldb:nosync = true
CONF
}

# Samba's own certificate names no address, which strict clients refuse.
certify() {
  cd "$dir/tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 \
    -subj "/CN=corp.example test authority" -addext keyUsage=critical,keyCertSign 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out request.pem -subj "/CN=dc1.corp.example" 2>/dev/null
  printf 'subjectAltName=DNS:dc1.corp.example,IP:%s\nextendedKeyUsage=serverAuth\n' "$ip" > extensions
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial 2 -days 30 -extfile extensions -out cert.pem 2>/dev/null
  chmod 600 key.pem ca.key
  cd - > /dev/null
}

# Into a folder of another name first: a seed is whole or not there.
provision() {
  rm -rf "$seed.half"
  mkdir -p "$seed.half"
  samba-tool domain provision --targetdir="$seed.half" --realm=$realm --domain=CORP --server-role=dc --dns-backend=NONE \
    --adminpass="$AD_ADMIN_PASSWORD" --host-name=dc1 --host-ip=127.0.0.1 --plaintext-secrets \
    --option="interfaces=127.0.0.1" --option="bind interfaces only=yes" --option="ldb:nosync=true" > "$dir/log/provision" 2>&1 \
    || { cat "$dir/log/provision" >&2; exit 1; }
  configure "$seed.half" > "$dir/seed.conf"
  /usr/bin/python3 "$here/seed.py" "$dir/seed.conf"
  mv "$seed.half" "$seed"
}

mkdir -p "$dir"/{run/ncalrpc,tls,log} "$(dirname "$seed")"
[ -s "$dir/tls/cert.pem" ] || certify
(
  flock 9
  [ -d "$seed" ] || provision
) 9> "$seed.lock"
[ -d "$dir/data" ] || cp -a --sparse=always "$seed" "$dir/data"
configure "$dir/data" > "$dir/smb.conf"
exec samba --foreground --no-process-group --model=single --configfile="$dir/smb.conf" --debug-stdout > "$dir/log/samba" 2>&1 < /dev/null
