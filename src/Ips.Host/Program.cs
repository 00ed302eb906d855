Console.WriteLine("ips");
return 0;
