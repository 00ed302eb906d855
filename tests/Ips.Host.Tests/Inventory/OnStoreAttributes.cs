using System.Reflection;
using Xunit.Sdk;

namespace Ips.Host.Tests.Inventory;

public enum StoreKind
{
    Sqlite,
    Postgres,
}

/// <summary>Runs a theory on SQLite.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnSqliteAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[StoreKind.Sqlite]];
}

/// <summary>Runs a theory on PostgreSQL too; counted as skipped where its package is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnPostgresAttribute : DataAttribute
{
    public OnPostgresAttribute()
    {
        if (PostgresServer.Binaries is null) Skip = "PostgreSQL is not installed (apt-get install postgresql).";
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[StoreKind.Postgres]];
}
