ALTER TABLE `stores` ADD `client_cert_pem` text;--> statement-breakpoint
ALTER TABLE `stores` ADD `mas_mirror` integer DEFAULT false NOT NULL;
