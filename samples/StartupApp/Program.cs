using StartupApp;

// An app as it was written before .NET 6, and its only new line.
Host.CreateDefaultBuilder(args)
    .UseIps() // SIGUSR2 replaces this process by the release that is now in its place
    .ConfigureWebHostDefaults(web => web.UseStartup<Startup>())
    .Build()
    .Run();
