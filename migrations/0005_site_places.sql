ALTER TABLE `sites` ADD `cloud` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `region` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `zones` text DEFAULT '[]' NOT NULL;
