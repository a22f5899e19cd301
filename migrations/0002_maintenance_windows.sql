ALTER TABLE `monitors` ADD `windows` text DEFAULT '[]' NOT NULL;
