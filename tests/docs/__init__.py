"""What is written about the service is true: commands are executed, links are followed."""
