"""What to paste into other engines so that they read the lake's Iceberg tables.

Secrets are named by their variables, which `bourne lake env` or the shell of an AWS user sets, and
are never printed here. Sources: the engines' own documentation of their Iceberg catalogues.
"""

import shlex
from collections.abc import Callable, Mapping

from bourne_assets.query.errors import QueryRefused
from bourne_assets.sql import literal
from bourne_assets.translations import gettext

#: A table for the examples; `bourne tables` lists what there is.
_TABLE = "refined.fact_film_day"
#: Iceberg's runtime for Spark; its version must fit Spark's and Scala's.
_SPARK_PACKAGES = (
    "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0,"
    "org.apache.iceberg:iceberg-aws-bundle:1.10.0"
)

#: The settings that are written out; they may come from a file, and are quoted for each engine.
_SHOWN = ("uri", "warehouse", "s3.endpoint", "s3.region")
#: Settings of a catalogue by pyiceberg's names: `type`, `uri`, `warehouse`, `s3.endpoint`, ...
Properties = Mapping[str, str]


def attach(engine: str, properties: Properties) -> str:
    """Lines to paste into an engine.

    Args:
        engine: One of `ENGINES`.
        properties: Settings of the catalogue.

    Raises:
        QueryRefused: The engine cannot read a catalogue of this type, or a setting is not a line.
    """
    for name in _SHOWN:
        if not properties.get(name, "").isprintable():
            raise QueryRefused(
                gettext(
                    "The setting {name!r} of the catalogue contains a control character: correct "
                    "it in pyiceberg's settings or in the AWS variables.",
                    name=name,
                )
            )
    return ENGINES[engine](properties).strip("\n")


def _pyiceberg(_: Properties) -> str:
    return f"""
# In a shell: eval "$(bourne lake env)"
from pyiceberg.catalog import load_catalog

catalog = load_catalog("bourne")
catalog.load_table("{_TABLE}").scan().to_pandas()
"""


def _polars(_: Properties) -> str:
    return f"""
# In a shell: eval "$(bourne lake env)"
import polars as pl
from pyiceberg.catalog import load_catalog

pl.scan_iceberg(load_catalog("bourne").load_table("{_TABLE}")).collect()
"""


def _duckdb(properties: Properties) -> str:
    kind = properties.get("type")
    if kind == "rest":
        return f"""
-- In a shell: eval "$(bourne lake env)"; then in DuckDB's own shell, which knows getenv:
INSTALL iceberg; LOAD iceberg; INSTALL httpfs; LOAD httpfs;
{_duckdb_s3(properties)}
CREATE SECRET bourne_catalogue (
  TYPE iceberg, CLIENT_ID getenv('AWS_ACCESS_KEY_ID'),
  CLIENT_SECRET getenv('AWS_SECRET_ACCESS_KEY'),
  OAUTH2_SERVER_URI {literal(properties.get("uri", "") + "/v1/oauth/tokens")});
ATTACH {literal(properties.get("warehouse", ""))} AS lake (
  TYPE iceberg, SECRET bourne_catalogue, ENDPOINT {literal(properties.get("uri", ""))});
SELECT * FROM lake.{_TABLE} LIMIT 10;
"""
    if kind == "glue":
        return f"""
INSTALL iceberg; LOAD iceberg; INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;
CREATE SECRET bourne (TYPE s3, PROVIDER credential_chain);
ATTACH '' AS lake (TYPE iceberg, ENDPOINT_TYPE glue);
SELECT * FROM lake.{_TABLE} LIMIT 10;
"""
    return f"""
-- DuckDB attaches no SQL catalogue; it reads a table by the address of its metadata, in Python:
--   from pyiceberg.catalog import load_catalog
--   load_catalog("bourne").load_table("{_TABLE}").metadata_location
INSTALL iceberg; LOAD iceberg; INSTALL httpfs; LOAD httpfs;
{_duckdb_s3(properties)}
SELECT * FROM iceberg_scan('<that address>') LIMIT 10;
"""


def _duckdb_s3(properties: Properties) -> str:
    endpoint = properties.get("s3.endpoint")
    if not endpoint:
        return (
            "INSTALL aws; LOAD aws;\nCREATE SECRET bourne_s3 (TYPE s3, PROVIDER credential_chain);"
        )
    scheme, _, host = endpoint.partition("://")
    return (
        "CREATE SECRET bourne_s3 (\n"
        "  TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'), SECRET getenv('AWS_SECRET_ACCESS_KEY'),\n"
        f"  REGION {literal(properties.get('s3.region', ''))}, ENDPOINT {literal(host)}, "
        f"URL_STYLE 'path', USE_SSL {str(scheme == 'https').lower()});"
    )


def _spark(properties: Properties) -> str:
    settings = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "warehouse": shlex.quote(properties.get("warehouse", "")),
        **_java_catalogue(properties),
    }
    if endpoint := properties.get("s3.endpoint"):
        settings |= {"s3.endpoint": shlex.quote(endpoint), "s3.path-style-access": "true"}
    lines = " \\\n".join(
        f"  --conf spark.sql.catalog.bourne{'.' if name else ''}{name}={value}"
        for name, value in settings.items()
    )
    return f"""
# In a shell: eval "$(bourne lake env)"
spark-sql --packages {_SPARK_PACKAGES} \\
{lines} \\
  -e 'SELECT * FROM bourne.{_TABLE} LIMIT 10'
"""


def _java_catalogue(properties: Properties) -> dict[str, str]:
    """Iceberg's own names for the catalogue, with values as a shell takes them."""
    kind, uri = properties.get("type", ""), properties.get("uri", "")
    if kind == "rest":
        return {
            "type": "rest",
            "uri": shlex.quote(uri),
            "credential": '"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
        }
    if kind == "glue":
        return {"type": "glue"}
    _ensure_shared(uri)
    return {"type": "jdbc", "uri": '"jdbc:$YOUR_CATALOGUE_ADDRESS"', "jdbc.schema-version": "V1"}


def _trino(properties: Properties) -> str:
    kind, uri = properties.get("type", ""), properties.get("uri", "")
    if kind == "rest":
        catalogue = (
            f"iceberg.catalog.type=rest\niceberg.rest-catalog.uri={uri}\n"
            f"iceberg.rest-catalog.warehouse={properties.get('warehouse', '')}\n"
            "iceberg.rest-catalog.security=OAUTH2\n"
            "iceberg.rest-catalog.oauth2.credential=${ENV:AWS_ACCESS_KEY_ID}:"
            "${ENV:AWS_SECRET_ACCESS_KEY}"
        )
    elif kind == "glue":
        catalogue = "iceberg.catalog.type=glue"
    else:
        _ensure_shared(uri)
        catalogue = (
            "iceberg.catalog.type=jdbc\niceberg.jdbc-catalog.catalog-name=bourne\n"
            "iceberg.jdbc-catalog.driver-class=org.postgresql.Driver\n"
            "iceberg.jdbc-catalog.connection-url=jdbc:${ENV:YOUR_CATALOGUE_ADDRESS}\n"
            f"iceberg.jdbc-catalog.default-warehouse-dir={properties.get('warehouse', '')}"
        )
    endpoint = properties.get("s3.endpoint")
    own_server = f"\ns3.endpoint={endpoint}\ns3.path-style-access=true" if endpoint else ""
    return f"""
# etc/catalog/bourne.properties, with the variables of `bourne lake env` in Trino's environment
connector.name=iceberg
{catalogue}
fs.native-s3.enabled=true
s3.region={properties.get("s3.region", "us-east-1")}
s3.aws-access-key=${{ENV:AWS_ACCESS_KEY_ID}}
s3.aws-secret-key=${{ENV:AWS_SECRET_ACCESS_KEY}}{own_server}
# then: trino --execute 'SELECT * FROM bourne.{_TABLE} LIMIT 10'
"""


def _athena(properties: Properties) -> str:
    if properties.get("type") != "glue":
        raise QueryRefused(
            gettext(
                "Athena reads tables of AWS Glue: set PYICEBERG_CATALOG__BOURNE__TYPE=glue and "
                "land the files again."
            )
        )
    schema, _, table = _TABLE.partition(".")
    return f"""
-- In Athena's query editor, data source AwsDataCatalog:
SELECT * FROM "{schema}"."{table}" LIMIT 10;
SELECT * FROM "{schema}"."{table}" FOR TIMESTAMP AS OF current_timestamp - interval '1' day;
"""


def _ensure_shared(uri: str) -> None:
    """Refuse a catalogue in a file of this machine, which no other engine can open."""
    if uri.startswith("sqlite"):
        raise QueryRefused(
            gettext(
                "The catalogue is a SQLite file of this machine, which only pyiceberg, polars and "
                "DuckDB can use: set DAGSTER_POSTGRES_URL, or configure a catalogue of pyiceberg."
            )
        )


#: The engines, by their names on the command line.
ENGINES: dict[str, Callable[[Properties], str]] = {
    "duckdb": _duckdb,
    "pyiceberg": _pyiceberg,
    "polars": _polars,
    "spark": _spark,
    "trino": _trino,
    "athena": _athena,
}
