using System.Reflection;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Diagnostics;

/// <summary>Programs read the fields of an event by the names that its text has, whatever the generated code makes of them.</summary>
public sealed partial class LogFieldTests
{
    [Fact]
    public void Events_Fields_AreNamedAsInTheText()
    {
        var methods = typeof(IpsRuntime).Assembly.GetTypes().SelectMany(type =>
                type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null).ToList();
        Assert.InRange(methods.Count, 100, int.MaxValue);
        Assert.All(methods, method =>
        {
            var fields = new Fields();
            method.Invoke(null, [fields, .. method.GetParameters().Skip(1).Select(parameter => Value(parameter.ParameterType))]);
            var named = Field().Matches(method.GetCustomAttribute<LoggerMessageAttribute>()!.Message!).Select(match => match.Value);
            Assert.Equal(named.Distinct().Order(StringComparer.Ordinal), fields.Names.Order(StringComparer.Ordinal));
        });
    }

    private static object? Value(Type type) => type == typeof(string) ? "text" : type == typeof(Exception) ? new IOException()
        : type == typeof(Quantity) ? new Quantity(2)
        : Activator.CreateInstance(type);

    [GeneratedRegex(@"(?<=\{)\w+")]
    private static partial Regex Field();

    private sealed class Fields : ILogger
    {
        public IReadOnlyList<string> Names { get; private set; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Names =
            [
                .. ((IEnumerable<KeyValuePair<string, object?>>)state!).Select(field => field.Key)
                    .Where(name => name != "{OriginalFormat}"),
            ];
    }
}
