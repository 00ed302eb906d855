// A shop front with login and a cart. A reload logs nobody out and empties no cart.
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;
using MvcLogin;
using NeoSmart.Caching.Sqlite;
using SQLitePCL;

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place

// What must outlive a process is in this folder, which is not the release's own: each release finds what the others have written.
var data = Directory.CreateDirectory(builder.Configuration["Data"] ?? "data").FullName;

// The keys that sign cookies and forms. The name, because by default each content root has keys that no other can use: then a release
// in another folder would log everybody out.
builder.Services.AddDataProtection()
    .SetApplicationName("MvcLogin")
    .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(data, "keys")));

// Sessions in a file that both generations have open. AddDistributedMemoryCache() would lose them, and Ips would warn at the start.
builder.Services.AddSqliteCache(Path.Combine(data, "sessions.db"), new SQLite3Provider_e_sqlite3());
builder.Services.AddSession(session => session.Cookie.IsEssential = true);

// The login itself is in its cookie, so it needs the keys and nothing else.
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(cookie => cookie.LoginPath = "/account/login");
builder.Services.AddSingleton<Users>();
builder.Services.AddControllersWithViews(mvc => mvc.Filters.Add(new AutoValidateAntiforgeryTokenAttribute()));

var app = builder.Build();
app.MapIpsProbes();
app.UseAuthentication();
app.UseAuthorization();
app.UseSession();
app.MapDefaultControllerRoute();
app.Run();
