// A minimal API that quotes what a parcel costs.
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
builder.Services.AddSingleton(new Tariff(builder.Configuration.GetValue<decimal>("Tariff:PerKg")));
// A new release whose checks fail never takes over: here, one with a tariff that nobody meant.
builder.Services.AddHealthChecks().AddCheck<TariffCheck>("tariff");

var app = builder.Build();
var tariff = app.Services.GetRequiredService<Tariff>();
app.MapIpsProbes(); // /healthz: the process answers; /readyz: it wants traffic
app.MapGet("/price/{kg:int:range(1,30)}", (int kg) => new Price(kg, tariff.Of(kg)));
app.MapPost("/quote", (Parcel parcel) => parcel.Kg is < 1 or > 30
    ? Results.Problem("A parcel has 1 to 30 kg.", statusCode: StatusCodes.Status400BadRequest)
    : Results.Ok(new Price(parcel.Kg, tariff.Of(parcel.Kg))));
// Each message is a weight in kg. The WebSocket goes on in the next release, which need not know anything of its client.
app.MapResumableWebSocket("/prices", async (context, socket) =>
{
    await foreach (var message in socket.ReadMessagesAsync(context.RequestAborted))
    {
        if (!int.TryParse(message.Text, CultureInfo.InvariantCulture, out var kg) || kg is < 1 or > 30) break;
        await socket.SendTextAsync(JsonSerializer.Serialize(new Price(kg, tariff.Of(kg)), JsonSerializerOptions.Web));
    }

    if (socket.IsLeaving) await socket.HandOverAsync(ReadOnlyMemory<byte>.Empty);
});
app.Run();

internal sealed record Parcel(int Kg);

internal sealed record Price(int Kg, decimal Total);

internal sealed record Tariff(decimal PerKg)
{
    public decimal Of(int kg) => 3.50m + (kg * PerKg);
}

internal sealed class TariffCheck(Tariff tariff) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(tariff.PerKg > 0 ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"Tariff:PerKg is {tariff.PerKg}; it must be more than 0."));
}
