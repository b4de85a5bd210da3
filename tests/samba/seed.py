"""Fills a freshly provisioned domain while its server is down.

Usage: seed.py SMB_CONF, with AD_SERVICE_PASSWORD in the environment; by Debian's own Python, which has Samba's modules.

OUs User-Contractor, Users and Locked; three contractors; svc-okta, to whom accounts of the first two OUs are delegated; svc-reader,
who may look and no more.
"""

import os
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

BASE = "DC=corp,DC=example"
# Class user, and the right to set a password (Microsoft's pages "User class" and "User-Force-Change-Password").
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
SET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"
PEOPLE = [("Ada", "Novak"), ("Ben", "Okafor"), ("Cleo", "Petrov")]

settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(session_info=system_session(), lp=settings, url=settings.private_path("sam.ldb"))


def add_user(name, parent, account, password=None, **attributes):
    entry = {
        "dn": f"CN={name},{parent}",
        "objectClass": "user",
        "sAMAccountName": account,
        "userPrincipalName": f"{account}@corp.example",
        "displayName": name,
        # A normal account; contractors have no password, and need none.
        "userAccountControl": "512" if password else "544",
    }
    entry.update(attributes)
    if password:
        entry["unicodePwd"] = f'"{password}"'.encode("utf-16-le")
    database.add(entry)


database.transaction_start()
for unit in ("User-Contractor", "Users", "Locked"):
    database.add({"dn": f"OU={unit},{BASE}", "objectClass": "organizationalUnit"})
for account in ("svc-okta", "svc-reader"):
    add_user(account, f"CN=Users,{BASE}", account, os.environ["AD_SERVICE_PASSWORD"])
for given, family in PEOPLE:
    account = f"{given}.{family}".lower()
    add_user(f"{given} {family}", f"OU=User-Contractor,{BASE}", account, givenName=given, sn=family, mail=f"{account}@corp.example")
database.transaction_commit()

found = database.search(BASE, scope=ldb.SCOPE_SUBTREE, expression="(sAMAccountName=svc-okta)", attrs=["objectSid"])
sid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0])
rights = SDUtils(database)
for unit in ("User-Contractor", "Users"):
    dn = ldb.Dn(database, f"OU={unit},{BASE}")
    # To create and delete users in the OU; to read, write and delete those that are in it; to set their passwords.
    rights.dacl_add_ace(dn, f"(OA;CI;CCDC;{USER};;{sid})")
    rights.dacl_add_ace(dn, f"(OA;CIIO;RPWPSDLC;;{USER};{sid})")
    rights.dacl_add_ace(dn, f"(OA;CIIO;CR;{SET_PASSWORD};{USER};{sid})")
